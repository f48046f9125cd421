"""What the page's script says to people. `{name}` stands for a value that the script fills in."""

from django.utils.translation import gettext_lazy as _

STRINGS = {
    # the composer and its status line
    "message_placeholder": _("Message {model}"),
    "send": _("Send"),
    "stop": _("Stop"),
    "sending": _("Sending…"),
    "sent": _("Sent"),
    "stop_first": _("Stop the answer first, or wait for it."),
    "choose_model_first": _("Choose a model first."),
    "choose_model": _("Choose a model"),
    # an answer
    "said": _("{model} said"),
    "waiting": _("Waiting for {model}…"),
    "unsent": _("Will be sent when the connection is back."),
    "still_waiting": _("Still waiting for {model} ({seconds} s)"),
    "answering": _("{model} is answering"),
    "still_answering": _("Still answering"),
    "ready": _("Answer ready, {words} words"),
    "stopped": _("Stopped"),
    "answer_failed": _("{model} could not answer"),
    "stopped_note": _("Stopped. What was written is kept."),
    "stopped_early_note": _("Stopped before the first word."),
    "length_note": _("The answer reached its length limit."),
    "filtered_note": _("The provider's content filter ended this answer."),
    "empty_note": _("The model returned an empty answer."),
    "try_again": _("Try again"),
    "other_model": _("Try with another model"),
    "try_again_in": _("Try again in {seconds} s"),
    "model": _("The model"),
    # reasoning and tools
    "thinking": _("Thinking… {seconds} s"),
    "reasoning": _("Reasoning"),
    "tool_running": _("Running {name}"),
    "tool_done": _("Used {name}"),
    "tool_failed": _("{name} failed"),
    "tool_unfinished": _("{name} did not finish"),
    # copying
    "copy": _("Copy"),
    "copied": _("Copied"),
    "copy_failed": _("The browser did not allow copying."),
    "code": _("code"),
    "table": _("Table"),
    # the connection
    "reconnecting_in": _("Connection lost. Reconnecting in {seconds} s"),
    "reconnecting": _("Connection lost. Reconnecting…"),
    "offline": _("You are offline. Your draft is kept."),
    "signed_out": _("You are signed out. Your draft is kept."),
    "sign_in_first": _("Not sent. Sign in again, then send it."),
    "reconnected": _("Reconnected"),
    # the rest of the page
    "today": _("Today"),
    "theme_auto": _("Theme: automatic"),
    "theme_light": _("Theme: light"),
    "theme_dark": _("Theme: dark"),
}
