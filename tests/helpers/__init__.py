"""Small real things for tests: packages, model headers, servers, catalogues."""
