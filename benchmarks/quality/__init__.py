"""What `tournament.py` and `stand_ins.py` are made of: sets, contenders, cells, and what is told of them."""
