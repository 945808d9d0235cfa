"""Networks: the representation, the golden model, training and lowering."""
