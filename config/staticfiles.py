"""Static files with a hash of their content in their name, also in the imports between our ES modules."""

from servestatic.storage import CompressedManifestStaticFilesStorage


class HashedFilesStorage(CompressedManifestStaticFilesStorage):
    support_js_module_import_aggregation = True
