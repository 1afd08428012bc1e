"""YAML: nodes with exact places, scalars in their five notations, and edits that serialise nothing again."""
