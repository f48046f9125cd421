"""What a connection test found, as it is answered and as a model keeps it."""

from rest_framework import serializers

from llm.probes import STEPS


class StepDocument(serializers.Serializer):
    name = serializers.ChoiceField(choices=STEPS)
    status = serializers.ChoiceField(choices=["passed", "failed", "skipped"])
    detail = serializers.CharField(default="")
    remedy = serializers.CharField(default="", help_text="What to do, where the step failed.")
    code = serializers.CharField(default="")
    seconds = serializers.FloatField(default=0.0)


class ConnectionTestReport(serializers.Serializer):
    ok = serializers.BooleanField()
    at = serializers.DateTimeField()
    steps = StepDocument(many=True, source="as_json")


class LastTest(serializers.Serializer):
    ok = serializers.BooleanField(source="last_test_ok")
    at = serializers.DateTimeField(source="last_test_at")
    steps = StepDocument(many=True, source="last_test_steps")
