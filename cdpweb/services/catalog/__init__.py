"""The catalog as people and files edit it: nine kinds of entries, one way of writing them."""
