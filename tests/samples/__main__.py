"""Make the samples again, from the whole data sets in ``XNORFLOW_DATA`` or in the cache."""

from tests.samples import COUNTS, write_sample
from xnorflow.model.data.datasets import load

for name, count in COUNTS.items():
    data = load(name)
    write_sample(name, data.test_images[:count], data.test_labels[:count])
