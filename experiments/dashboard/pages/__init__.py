"""One file a page. `build(request)` gives what stands below the page's heading."""
