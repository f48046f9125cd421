"""The page of grants: for whoever may make them, and nothing of it for anybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError

from registry.grants import server_of, what_is_left_out, who_may_use
from registry.models import AllowedEndpoint
from registry.querysets import may_grant

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest

GRANTED_ALREADY = "This address is in the list already. Change its row."


class NewGrantForm(forms.ModelForm):
    """A new grant is typed as an address. An old one keeps its own, because another address is another grant."""

    address = forms.CharField(max_length=500, help_text="The server, such as http://10.0.0.5:8000.")

    class Meta:
        model = AllowedEndpoint
        fields = ("usable_by_users", "note")

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        try:
            origin = server_of(address)
        except ValueError as problem:
            raise ValidationError(str(problem)) from None
        if AllowedEndpoint.objects.filter(**origin._asdict()).exists():
            raise ValidationError(GRANTED_ALREADY)
        self.instance.scheme, self.instance.host, self.instance.port = origin
        return address


@admin.register(AllowedEndpoint)
class AllowedEndpointAdmin(admin.ModelAdmin):
    list_display = ("address", "usable_by", "note", "created_by", "created_at")
    list_filter = ("usable_by_users",)
    list_select_related = ("created_by",)
    search_fields = ("host", "note")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).in_admin_for(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_grant(request.user)

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        entered = ["address", "usable_by_users", "note"]
        return [*entered, "created_by", "created_at"] if obj else entered

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["address", "created_by", "created_at"] if obj else []

    def get_form(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> type[forms.ModelForm]:
        return super().get_form(request, obj, **({} if obj else {"form": NewGrantForm}), **kwargs)

    def save_model(self, request: HttpRequest, obj: AllowedEndpoint, form: forms.ModelForm, change: bool) -> None:  # noqa: FBT001
        if not change:
            obj.created_by = request.user
            if remark := what_is_left_out(form.cleaned_data["address"]):
                messages.info(request, remark)
        super().save_model(request, obj, form, change)

    @admin.display(ordering="host")
    def address(self, row: AllowedEndpoint) -> str:
        return str(row)

    @admin.display(description="usable by", ordering="usable_by_users")
    def usable_by(self, row: AllowedEndpoint) -> str:
        return who_may_use(row.usable_by_users)
