"""What texts and papers claim, put to the test: experiments as data, carried out over several seeds, with a verdict of three."""
