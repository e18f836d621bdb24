"""Importing this module registers the environments `recoup/Account-v0` and `recoup/Portfolio-v0` with Gymnasium.

`gym.make("recoup:recoup/Account-v0")` imports it by itself. (Gymnasium 1.0 gave up loading plugins from entry points.)
"""

import gymnasium as gym

gym.register("recoup/Account-v0", entry_point="recoup.scenarios.environments:account")
gym.register("recoup/Portfolio-v0", vector_entry_point="recoup.scenarios.environments:portfolio")
