"""The night on a page: reports/date=D/index.html and the pages under it."""
