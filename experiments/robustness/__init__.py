"""How robust a comparison's answer is: perturbed worlds, shadow prices, upper bounds, attribution, the correction loop."""
