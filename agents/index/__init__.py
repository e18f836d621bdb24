"""The index policy: the marginal value of each treatment over the rest of the horizon, against the price of what is scarce."""
