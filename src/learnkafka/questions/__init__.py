"""The two kinds of question in a lesson: what will happen, and what was that?"""

from learnkafka.questions.prediction import predict
from learnkafka.questions.recalling import recall

__all__ = ["predict", "recall"]
