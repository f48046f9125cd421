"""The management pages. Who may do what is decided by `registry.querysets`; permissions per table play no part here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from registry import grants_admin  # noqa: F401 - importing registers its page
from registry.forms import ConnectionForm
from registry.grants import unreachable_reason
from registry.models import CAPABILITIES, Connection, DefaultModel, LLMModel, UsageRecord
from registry.picker import dollars, short_count
from registry.providers import provider_label
from registry.querysets import MANAGE_GLOBAL, may_edit

if TYPE_CHECKING:
    from django import forms
    from django.db.models import ForeignKey
    from django.http import HttpRequest


class Ownership(admin.SimpleListFilter):
    """Never a list of user names: whoever looks at it may not know who else has connections."""

    title = "ownership"
    parameter_name = "ownership"

    def lookups(self, request: HttpRequest, model_admin: RegistryAdmin) -> list[tuple[str, str]]:
        others = [("others", "Other users")] if request.user.is_superuser else []
        return [("global", "Everybody"), ("mine", "Me"), *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "global":
                return queryset.everybodys()
            case "mine":
                return queryset.owned_by(request.user)
            case "others":
                return queryset.of_others(request.user)
        return queryset


class RegistryAdmin(admin.ModelAdmin):
    owner_path: str
    """Leads from a row to its owner's id."""
    filters: frozenset[str] = frozenset()
    """Lookups allowed in an address. Any other could read a hidden column letter by letter."""
    show_facets = admin.ShowFacets.ALWAYS

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).in_admin_for(request.user)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        """What is to be changed is read when nobody else can change it any more."""
        row = super().get_object(request, object_id, from_field)
        if row is None or request.method != "POST":
            return row
        self.model.objects.select_for_update().filter(pk=row.pk).first()
        return super().get_object(request, object_id, from_field)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in self.filters or lookup == Ownership.parameter_name

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_staff

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None:
            return self.has_module_permission(request)
        return self.model.objects.in_admin_for(request.user).filter(pk=obj.pk).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request) and (obj is None or may_edit(request.user, self.owner_id(obj)))

    has_delete_permission = has_change_permission

    def owner_id(self, obj: Model) -> int | None:
        for name in self.owner_path.split("."):
            obj = getattr(obj, name)
        return obj

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[str], dict, set[str], list[str]]:
        """Counts what goes along, and does not name what belongs to others, such as their defaults."""
        _, counts, _, protected = super().get_deleted_objects(objs, request)
        refused = any(not self.has_delete_permission(request, obj) for obj in objs)
        return [str(obj) for obj in objs], counts, {self.opts.verbose_name} if refused else set(), protected

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> forms.Field:
        if db_field.related_model is get_user_model():
            kwargs |= owner_choices(request)
        elif db_field.related_model is Connection:
            kwargs["queryset"] = Connection.objects.editable_by(request.user)
        elif db_field.related_model is LLMModel:
            kwargs["queryset"] = LLMModel.objects.visible_to(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def owner_choices(request: HttpRequest) -> dict[str, Any]:
    """The reader, and everybody for those who may share."""
    return {
        "queryset": get_user_model().objects.filter(pk=request.user.pk),
        "required": not request.user.has_perm(MANAGE_GLOBAL),
        "empty_label": "Everybody",
        "initial": request.user.pk,
    }


@admin.register(Connection)
class ConnectionAdmin(RegistryAdmin):
    form = ConnectionForm
    owner_path = "owner_id"
    filters = frozenset({"provider__exact", "is_active__exact"})
    list_display = ("name", "provider", "belongs_to", "key", "is_active")
    list_filter = (Ownership, "provider", "is_active")
    list_select_related = ("owner",)
    search_fields = ("name",)
    readonly_fields = ("key_preview", "key_set_by", "key_set_at")
    public_fields = ("name", "provider", "is_active")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        mine = Connection.objects.editable_by(request.user).filter(pk=OuterRef("pk"))
        return super().get_queryset(request).annotate(is_editable=Exists(mine))

    def get_fields(self, request: HttpRequest, obj: Connection | None = None) -> list[str]:
        if not self.has_change_permission(request, obj):
            return list(self.public_fields)
        entered = ["name", "provider", "base_url", "owner", "api_key"]
        stored = ["remove_key", *self.readonly_fields] if obj and obj.has_key else []
        headers = ["headers", "remove_headers"] if obj and obj.has_headers else ["headers"]
        return [*entered, *stored, *headers, "options", "is_active"]

    def get_form(self, request: HttpRequest, obj: Connection | None = None, **kwargs: Any) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, **kwargs)
        form.user = request.user
        return form

    def save_model(self, request: HttpRequest, obj: Connection, form: forms.ModelForm, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        # An administrator may enter the connection first and allow its address afterwards, so this is no refusal.
        if reason := unreachable_reason(obj, request.user):
            messages.warning(request, f"Saved, but it cannot be used yet: {reason}")

    @admin.display(description="belongs to", ordering="owner")
    def belongs_to(self, row: Connection) -> str:
        return row.owner.get_username() if row.owner else "Everybody"

    @admin.display(description="key")
    def key(self, row: Connection) -> str:
        if not row.is_editable:
            return "stored" if row.has_key else "none"
        return row.key_preview or "none"


@admin.register(LLMModel)
class LLMModelAdmin(RegistryAdmin):
    owner_path = "connection.owner_id"
    filters = frozenset(
        {"connection__provider__exact", "is_active__exact", *(f"{name}__exact" for name in CAPABILITIES)}
    )
    list_display = ("name", "belongs_to", "provider", "model_id", "context", "prices", "is_active")
    list_filter = (Ownership, "connection__provider", "is_active", *CAPABILITIES)
    list_select_related = ("connection__owner",)
    search_fields = ("name", "model_id")
    readonly_fields = ("last_test_at", "last_test_ok", "last_test")
    private_fields = frozenset({"connection", "default_params", *readonly_fields})

    def get_fields(self, request: HttpRequest, obj: LLMModel | None = None) -> list[str]:
        fields = super().get_fields(request, obj)
        if self.has_change_permission(request, obj):
            return fields
        return [name for name in fields if name not in self.private_fields]

    @admin.display(description="steps of the last test")
    def last_test(self, row: LLMModel) -> str:
        steps = ((step["name"], step["status"], step["remedy"] or step["detail"]) for step in row.last_test_steps)
        return format_html_join(mark_safe("<br>"), "{}: {}. {}", steps)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        """One by one: a connection that was made with its model goes with it."""
        for model in queryset.select_related("connection"):
            model.delete()

    @admin.display(ordering="connection__provider")
    def provider(self, row: LLMModel) -> str:
        return provider_label(row.connection.provider)

    @admin.display(description="belongs to", ordering="connection__owner")
    def belongs_to(self, row: LLMModel) -> str:
        return row.connection.owner.get_username() if row.connection.owner else "Everybody"

    @admin.display(ordering="context_window")
    def context(self, row: LLMModel) -> str:
        return short_count(row.context_window) if row.context_window else "-"

    @admin.display(description="in / out per 1M", ordering="input_price")
    def prices(self, row: LLMModel) -> str:
        return " / ".join("?" if price is None else dollars(price) for price in (row.input_price, row.output_price))


@admin.register(DefaultModel)
class DefaultModelAdmin(RegistryAdmin):
    owner_path = "user_id"
    list_display = ("__str__", "model")
    list_select_related = ("user", "model")


@admin.register(UsageRecord)
class UsageRecordAdmin(RegistryAdmin):
    owner_path = "user_id"
    filters = frozenset({"source__exact", "outcome", *(f"created_at__{unit}" for unit in ("year", "month", "day"))})
    list_display = ("created_at", "model_label", "input_tokens", "output_tokens", "cost", "source", "outcome")
    list_filter = ("source", "outcome")
    date_hierarchy = "created_at"
    search_fields = ("model_label",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    has_delete_permission = has_change_permission
