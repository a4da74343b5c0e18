"""The comment model with an encoder behind it: one real training on tiny simulated sources, from rows to the shelf."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_comment_training import SOURCES, TINY, make_comments, make_weak_fillers
from training import comment as script
from training.comment_fit import EncoderConfig, fit_advert, with_encoder
from training.recipe import train
from training.shelf import write_shelf

from encoder_builder import write_encoder
from zhenfen.config import config_dir, read_config
from zhenfen.errors import ConfigError
from zhenfen.estimators.cascade import CascadeClassifier
from zhenfen.estimators.comment_model import load_comment_model

pytestmark = pytest.mark.torch

SHIPPED = read_config(config_dir() / "models" / "cascade.yaml", EncoderConfig)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> EncoderConfig:
    base = write_encoder(tmp_path_factory.mktemp("base"))
    return SHIPPED.model_copy(update={"source": str(base), "n_texts": 40, "low": -1.0})


def test_both_stages_reach_the_shelf(tmp_path: Path, encoder: EncoderConfig) -> None:
    comments = make_comments()
    recipe = script.CommentRecipe(with_encoder(TINY, encoder))
    trained, _, judged = train(recipe, script.CommentData(comments, make_weak_fillers()), SOURCES)
    model = load_comment_model(write_shelf(trained, tmp_path, TINY))
    advert = model.classifiers["advert"]
    assert isinstance(advert, CascadeClassifier)
    assert (advert.low, advert.blend) == (encoder.low, encoder.blend)
    probas = model.predict(comments["normalised"])
    assert probas.null_count().row(0) == (0, 0)
    assert judged.thresholds == model.thresholds


def test_the_shipped_encoder_is_found_by_its_name_on_the_shelf(encoder: EncoderConfig) -> None:
    named = encoder.model_copy(update={"source": SHIPPED.source})
    fitted = fit_advert(make_comments(), TINY.advert.model_copy(update={"encoder": named}), 1)
    assert isinstance(fitted, CascadeClassifier)
    assert fitted.encoder.network.config.hidden_size > 16


def test_an_encoder_that_is_nowhere_is_said_to_be(encoder: EncoderConfig, tmp_path: Path) -> None:
    absent = encoder.model_copy(update={"source": str(tmp_path)})
    with pytest.raises(ConfigError, match="expected an encoder that transformers can load"):
        fit_advert(make_comments(), TINY.advert.model_copy(update={"encoder": absent}), 1)
