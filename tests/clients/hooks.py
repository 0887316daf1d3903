"""What Schemathesis has to know beside the description."""

import schemathesis

# A show file is a text.
schemathesis.serializer.alias("application/toml", "text/plain")


def whole(value):
    if isinstance(value, dict):
        return {name: whole(member) for name, member in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    small = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if small else value


@schemathesis.hook
def map_body(context, body):
    """JSON Schema counts 2.0 as an integer, but this API takes only 2. A larger one stays as it is written: 309 digits
    are no number that everybody can read."""
    return whole(body)
