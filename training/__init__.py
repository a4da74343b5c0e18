"""Scripts that turn the public data into what src ships: panels now, models as they come. src never imports them."""
