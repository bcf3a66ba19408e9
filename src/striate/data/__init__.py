"""Labelled pictures: found, checked, split, and kept ready for the network."""

from striate.data.builtin import BUILT_IN_NAMES as BUILT_IN_NAMES
from striate.data.checking import check_pictures as check_pictures
from striate.data.dataset import SPLITS as SPLITS
from striate.data.dataset import Dataset as Dataset
from striate.data.dataset import Problem as Problem
from striate.data.dataset import Progress as Progress
from striate.data.loading import load_data as load_data
from striate.data.names import Names as Names
from striate.data.pictures import ArrayPictures as ArrayPictures
from striate.data.pictures import FilePictures as FilePictures
from striate.data.pictures import Pictures as Pictures
from striate.data.pictures import PictureTable as PictureTable
from striate.data.pictures import picture_digest as picture_digest
from striate.data.split_table import SplitTable as SplitTable
from striate.data.split_table import apply_split_table as apply_split_table
from striate.data.split_table import read_split_csv as read_split_csv
from striate.data.split_table import write_split_csv as write_split_csv
from striate.data.splitting import assign_splits as assign_splits
from striate.data.store import PixelStore as PixelStore
from striate.data.store import open_store as open_store

__all__ = [
    "ArrayPictures",
    "BUILT_IN_NAMES",
    "Dataset",
    "FilePictures",
    "Names",
    "PictureTable",
    "Pictures",
    "PixelStore",
    "Problem",
    "Progress",
    "SPLITS",
    "SplitTable",
    "apply_split_table",
    "assign_splits",
    "check_pictures",
    "load_data",
    "open_store",
    "picture_digest",
    "read_split_csv",
    "write_split_csv",
]
