"""The report of a finished run: one HTML file that executives read, in English or Chinese."""

from recoup.experiments.report.answers import answers
from recoup.experiments.report.page import render
from recoup.experiments.report.text import LANGUAGES, text_in

__all__ = ["LANGUAGES", "answers", "render", "text_in"]
