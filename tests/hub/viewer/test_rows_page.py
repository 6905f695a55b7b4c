import html
import re

import pyarrow as pa
import pytest
from conftest_viewer import parquet
