from rest_framework.renderers import BrowsableAPIRenderer


class ApiPage(BrowsableAPIRenderer):
    """The API for people: every resource as a page."""
