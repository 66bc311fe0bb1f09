"""Long lists that page by key."""

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.db.models import QuerySet, prefetch_related_objects
from django.http import HttpRequest

from models_app.admin.keysets import FIRST, LAST, Page, PagePlace, read_page, read_place
from models_app.admin.links import Link

# Counting a million rows takes longer than reading a page of them.
_COUNTED = 1_000


class KeysetList(ChangeList):
    """A page of a list by key; the place stands where Django has the number of the page.

    `get_ordering` of the admin names a unique key that an index leads along. `found` says in words how many
    rows there are, `page_links` lead to other pages.
    """

    found: str
    page_links: list[Link]

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Sort by the key, whatever the address says: in another order the whole table would be sorted."""
        return list(self.model_admin.get_ordering(request))

    def get_results(self, request: HttpRequest) -> None:
        """Read the page."""
        page = self._read(request)
        # Joined, their table could become the query's outer loop, and all rows would be sorted.
        prefetch_related_objects(page.rows, "model")
        is_whole = page.previous is None and page.next is None and bool(page.rows)
        n_rows = len(page.rows) if is_whole else self.queryset.order_by()[: _COUNTED + 1].count()
        is_counted = n_rows <= _COUNTED
        self.found = self._found(n_rows) if is_counted else f"more than {self._found(_COUNTED)}"
        self.page_links = self._page_links(page)
        self.result_list = page.rows  # read: no query any more
        # As many as Django offers to select.
        self.result_count = self.full_result_count = n_rows if is_counted else len(page.rows)
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = False
        self.multi_page = False

    def _read(self, request: HttpRequest) -> Page[Any]:
        text = request.GET.get(PAGE_VAR)
        order = self.get_ordering(request, self.queryset)
        try:
            place = read_place(text) if text else FIRST
            return read_page(self.queryset, place, order=order, size=self.list_per_page)
        except ValueError as error:
            # Django goes to the list without parameters.
            raise IncorrectLookupParameters(error) from error

    def _found(self, n_rows: int) -> str:
        names = self.opts.verbose_name if n_rows == 1 else self.opts.verbose_name_plural
        return f"{n_rows:,} {names}"

    def _page_links(self, page: Page[Any]) -> list[Link]:
        places = {
            "First": page.previous and FIRST,
            "Previous": page.previous,
            "Next": page.next,
            "Last": page.next and LAST,
        }
        return [Link(text, self._page_url(place)) for text, place in places.items() if place is not None]

    def _page_url(self, place: PagePlace) -> str:
        return self.get_query_string({} if place == FIRST else {PAGE_VAR: place.to_text()})
