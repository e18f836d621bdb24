"""What a comparison rests on: wrong worlds, shadow prices, upper bounds, attribution, the correction loop."""
