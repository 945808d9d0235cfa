"""The importer of QONNX files."""
