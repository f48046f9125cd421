"""`python -m llm` as people run it: a process, its two outputs and its exit status."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llm.testing import ScriptedProvider

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-main-0123456789abcdef"
FORMATS = ["openai_compatible", "anthropic"]


@pytest.fixture
def scripted():
    with ScriptedProvider() as running:
        yield running


def command(*arguments, provider="openai_compatible", model="scripted-model"):
    return [sys.executable, "-m", "llm", *arguments, "--provider", provider, "--model", model]


def at(server, *, key_env="SOME_KEY"):
    return ("--base-url", server.url, "--allow", server.url, *(("--key-env", key_env) if key_env else ()))


def run(*arguments, env=None, **options):
    environment = {"PATH": os.environ["PATH"], "SOME_KEY": KEY} | (env or {})
    result = subprocess.run(
        command(*arguments, **options), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert KEY not in result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    return result


# Asking.


@pytest.mark.parametrize("provider", FORMATS)
@pytest.mark.parametrize("whole", [(), ("--no-stream",)])
def test_the_answer_goes_out_and_the_count_goes_to_standard_error(scripted, provider, whole):
    result = run("[[say=Good evening.]]", *at(scripted), *whole, provider=provider)
    assert (result.returncode, result.stdout) == (0, "Good evening.\n")
    assert "tokens in, 2 out" in result.stderr
    assert "finish: stop" in result.stderr
    assert result.stderr.count("\n") == 1
    assert scripted.requests[0].body["stream"] == (not whole)


def test_the_answer_comes_while_it_is_made(scripted):
    asked = command("[[tokens=3 rate=0.5]]", *at(scripted, key_env=""))
    with subprocess.Popen(asked, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert os.read(process.stdout.fileno(), 100).startswith(b"w0")
        assert scripted.open_requests == 1
        process.kill()


def test_reasoning_is_not_part_of_the_answer(scripted):
    result = run("[[reason]] [[say=42]]", *at(scripted))
    assert result.stdout == "42\n"
    assert result.stderr.startswith("The user wants an answer, so I think about it first.\n")
    assert "\x1b" not in result.stderr


def test_reasoning_is_dimmed_on_a_terminal(scripted):
    ours, theirs = pty.openpty()
    asked = command("[[reason]] [[say=42]]", *at(scripted, key_env=""))
    try:
        subprocess.run(asked, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=theirs, check=True)
        os.close(theirs)
        assert b"\x1b[2mThe \x1b[0m" in os.read(ours, 65536)
    finally:
        os.close(ours)


def test_a_model_cannot_steer_the_terminal(scripted):
    result = run("[[say=\x1b]0;owned\x07safe]]", *at(scripted))
    assert result.stdout == "]0;ownedsafe\n"


def test_parameters_are_json_where_they_can_be(scripted):
    result = run("Hi", *at(scripted), "--param", "temperature=0.5", "--param", "stop=END", "--param", "seed=7")
    assert result.returncode == 0, result.stderr
    sent = scripted.requests[0].body
    assert (sent["temperature"], sent["stop"], sent["seed"]) == (0.5, "END", 7)


def test_options_of_the_connection_are_used(scripted):
    run("Hi", *at(scripted), "--param", "max_tokens=9", "--option", "max_tokens_field=max_completion_tokens")
    assert scripted.requests[0].body["max_completion_tokens"] == 9


@pytest.mark.parametrize(
    ("prompt", "model", "sentence"),
    [
        ("[[error=402]]", "scripted-model", "no credit left"),
        ("[[html]]", "scripted-model", "not as an LLM API"),
        ("[[drop_after=3]]", "scripted-model", "ended before the answer was complete"),
        ("Hi", "missing-model", "does not know this model id"),
    ],
)
def test_an_error_is_one_sentence_and_status_1(scripted, prompt, model, sentence):
    result = run(prompt, *at(scripted), model=model)
    assert result.returncode == 1
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_cut_answer_is_shown_as_far_as_it_came(scripted):
    assert run("[[tokens=9 drop_after=3]]", *at(scripted)).stdout == "w0 w1 w2 \n"


def test_a_pipe_that_closes_early_is_no_crash(scripted):
    asked = command("[[tokens=5000 rate=5000]]", *at(scripted, key_env=""))
    with subprocess.Popen(asked, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
    scripted.wait_until_idle()


@pytest.mark.parametrize("arguments", [("[[hang_after=1]] a b c",), ("--test",)])
def test_ctrl_c_ends_the_call_and_nothing_else_is_said(serve, scripted, arguments):
    def script(peer):
        peer.read_request()
        peer.hang()

    silent = serve(script)
    server = silent if "--test" in arguments else scripted
    asked = command(*arguments, *at(server, key_env=""))
    with subprocess.Popen(asked, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        if server is silent:
            assert silent.reached.wait(10)
        else:
            scripted.wait_for_request(tokens=1, timeout=10)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (130, b"")
    if server is silent:
        assert silent.client_left.wait(5)
    else:
        scripted.wait_until_idle()
        assert scripted.requests[0].closed_by_client


# Keys.


def test_the_key_comes_from_the_named_variable(scripted):
    run("Hi", *at(scripted))
    assert scripted.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_the_providers_own_key_is_not_sent_to_another_address_unasked(scripted):
    result = run("Hi", *at(scripted, key_env=""), provider="anthropic", env={"ANTHROPIC_API_KEY": KEY})
    assert result.returncode == 0, result.stderr
    assert "x-api-key" not in scripted.requests[0].headers
    run("Hi", *at(scripted, key_env="ANTHROPIC_API_KEY"), provider="anthropic", env={"ANTHROPIC_API_KEY": KEY})
    assert scripted.requests[1].headers["x-api-key"] == KEY


def test_the_operators_own_server_comes_from_the_environment(scripted):
    env = {"VLLM_BASE_URL": scripted.url}
    assert run("Hi", "--allow", scripted.url, provider="vllm", env=env).returncode == 0


@pytest.mark.parametrize("arguments", [(), ("--key-env", "NOT_SET")])
def test_a_missing_key_says_which_variable_to_set(arguments):
    result = run("Hi", *arguments, provider="openai")
    assert result.returncode == 2
    assert f"set the environment variable {arguments[1] if arguments else 'OPENAI_API_KEY'}" in result.stderr


@pytest.mark.parametrize("mistake", [("--key", KEY), (f"--key={KEY}",), ("--key-env", KEY), (KEY,)])
def test_a_key_on_the_command_line_is_refused_and_not_repeated(scripted, mistake):
    result = run("Hi", *mistake, "--base-url", scripted.url, "--allow", scripted.url)
    assert result.returncode == 2
    assert scripted.requests == []


# Addresses.


@pytest.mark.parametrize("arguments", [("Hi",), ("--test",)])
def test_a_private_address_is_closed_and_the_way_to_open_it_is_named(scripted, arguments):
    result = run(*arguments, "--base-url", scripted.url)
    assert result.returncode == 1
    assert f"add --allow {scripted.url}" in result.stdout + result.stderr
    assert scripted.requests == []


def test_an_address_that_nothing_opens_does_not_ask_for_what_was_given():
    result = run("Hi", "--base-url", "http://169.254.169.254", "--allow", "http://169.254.169.254")
    assert result.returncode == 1
    assert "--allow" not in result.stderr


# Wrong usage.


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "ask a question, or test the connection with --test"),
        (("Hi",), "give one with --base-url"),
        (("Hi", "--param", "temperature"), "not of the form NAME=VALUE"),
        (("Hi", "--allow", "127.0.0.1"), "not a plain http or https URL"),
        (("Hi", "--no-such-option"), "unknown option: --no-such-option"),
        (("Why", "is", "this"), "put it in quotes"),
    ],
)
def test_wrong_usage_is_status_2(arguments, sentence):
    result = run(*arguments)
    assert result.returncode == 2
    assert sentence in result.stderr


def test_an_unknown_provider_is_answered_with_the_known_ones():
    result = run("Hi", provider="nobody")
    assert result.returncode == 2
    assert "openai_compatible" in result.stderr


def test_help_names_every_provider_with_its_key():
    result = run("--help")
    assert result.returncode == 0
    assert "OPENAI_API_KEY" in result.stdout
    assert "https://api.anthropic.com" in result.stdout
    assert "export OPENAI_API_KEY=..." in result.stdout


# Testing.


def test_a_test_reports_step_by_step(scripted):
    result = run("--test", *at(scripted), "--no-tools")
    assert result.returncode == 0, result.stdout
    lines = [line.split()[:2] for line in result.stdout.splitlines()]
    done = ["address", "reachable", "key", "model", "chat", "stream"]
    assert lines == [["passed", name] for name in done] + [["skipped", "tools"], ["skipped", "vision"]]


def test_a_test_that_fails_says_what_to_do_and_has_status_1(scripted):
    result = run("--test", *at(scripted, key_env="BAD"), env={"BAD": "bad-key"})
    assert result.returncode == 1
    assert "failed   key" in result.stdout
    assert "-> The provider rejected the key. Enter a valid key" in result.stdout


@pytest.mark.parametrize("flag", [(), ("--vision",)])
def test_a_test_shows_the_model_a_picture_only_if_it_sees(scripted, flag):
    run("--test", *at(scripted), "--no-tools", *flag)
    pictures = [request for request in scripted.requests if "image_url" in str(request.body)]
    assert len(pictures) == len(flag)
