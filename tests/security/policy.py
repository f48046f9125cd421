"""Who may do what: every route and every action of the websocket. A new one without a line here fails the tests.

A line is a path, a method, a row and one cell for each reader, or one for all. `owner` is alice, to whom the `private`
rows belong; `inactive` is alice once her account is switched off. A cell says what the reader gets:

    200, 404, ...   this status, and the database is as it was
    201!            this status, and the database has changed
    login           a redirect to a login page
    gone            the admin's redirect for a row that does not exist

The method `any` stands for GET, PUT, PATCH, DELETE and OPTIONS, which much of the admin takes for the same. A method
without a line must be refused. Lines of the API hold for sessions and for tokens, or for one of them alone where
`ONE_WAY` says so. What the lines send is in `bodies.py`.
"""

from __future__ import annotations

import re

from tests.security.tables import Line, read_table

PAGES = """
path                              method  row       anonymous inactive other owner staff holder superuser
/                                 GET     -         login     login    200   200   200   200    200
/c/<conversation>/                GET     private   login     login    404   200   404   404    404
/picker/                          GET     -         login     login    200   200   200   200    200
/healthz                          any     -         503
/healthz                          POST    -         503
/accounts/login/                  GET     -         200       200      302   302   302   302    302
/accounts/login/                  POST    -         200       200      302   302   302   302    302
/accounts/login/                  PUT     -         200       200      302   302   302   302    302
/accounts/logout/                 POST    -         login
/accounts/link/<guess>/           GET     -         410       410      302   302   302   302    302
/accounts/first-password/         any     -         login     login    302   302   302   302    302
/accounts/first-password/         POST    -         login     login    302   302   302   302    302
"""

API = """
path                              method  row       anonymous inactive other owner staff holder superuser
/api/                             GET     -         200
/api/schema                       GET     -         200
/api/docs                         GET     page      200
/api/models                       GET     -         200
/api/models                       POST    inline    401       401      201!  201!  201!  201!   201!
/api/models                       POST    private   401       401      400   201!  400   400    400
/api/models                       POST    global    401       401      400   400   400   201!   201!
/api/models/<model>               GET     private   404       404      404   200   404   404    404
/api/models/<model>               GET     global    200
/api/models/<model>               PATCH   private   401       401      404   200!  404   404    404
/api/models/<model>               PATCH   global    401       401      403   403   403   200!   200!
/api/models/<model>               DELETE  private   401       401      404   204!  404   404    404
/api/models/<model>               DELETE  global    401       401      403   403   403   204!   204!
/api/models/templates             GET     -         200
/api/models/from-template         POST    inline    401       401      201!  201!  201!  201!   201!
/api/models/from-template         POST    private   401       401      400   201!  400   400    400
/api/models/from-template         POST    global    401       401      400   400   400   201!   201!
/api/models/test-connection       POST    typed     401       401      200   200   200   200    200
/api/models/test-connection       POST    private   401       401      404   200!  404   404    404
/api/models/test-connection       POST    global    401       401      403   403   403   200!   200!
/api/models/test-connection       POST    mixed     401       401      400   400   400   400    400
/api/connections                  GET     -         401       401      200   200   200   200    200
/api/connections                  POST    own       401       401      201!  201!  201!  201!   201!
/api/connections                  POST    shared    401       401      403   403   403   201!   201!
/api/connections/<connection>     GET     private   401       401      404   200   404   404    404
/api/connections/<connection>     GET     global    401       401      404   404   404   200    200
/api/connections/<connection>     PATCH   private   401       401      404   200!  404   404    404
/api/connections/<connection>     PATCH   global    401       401      404   404   404   200!   200!
/api/connections/<connection>     DELETE  private   401       401      404   204!  404   404    404
/api/connections/<connection>     DELETE  global    401       401      404   404   404   204!   204!
/api/tokens                       GET     -         401       401      200   200   200   200    200
/api/tokens                       POST    session   401       401      201!  201!  201!  201!   201!
/api/tokens                       POST    token     401       401      403   403   403   403    403
/api/tokens                       POST    password  401
/api/tokens/<token>               DELETE  private   401       401      404   204!  404   404    404
"""

# Conversations are read by their owner alone. Nothing runs here, so what would begin an answer comes to 503: allowed.
CHAT = """
path                              method  row       anonymous inactive other owner staff holder superuser
/api/chat                         POST    bare      401       401      503   503   503   503    503
/api/chat                         POST    private   401       401      404   503   404   404    404
/api/conversations                GET     -         401       401      200   200   200   200    200
/api/conversations                POST    own       401       401      201!  201!  201!  201!   201!
/api/conversations                POST    private   401       401      400   201!  400   400    400
/api/conversations/<conversation> GET     private   401       401      404   200   404   404    404
/api/conversations/<conversation> PATCH   private   401       401      404   200!  404   404    404
/api/conversations/<conversation> DELETE  private   401       401      404   204!  404   404    404
/api/conversations/<conversation>/messages GET private 401    401      404   200   404   404    404
/api/conversations/<conversation>/messages POST private 401   401      404   503   404   404    404
/api/conversations/<conversation>/messages/<message> GET private 401 401 404 200   404   404    404
/api/conversations/<conversation>/messages/<message>/regenerate POST private 401 401 404 503 404 404 404
/api/conversations/<conversation>/stop POST private 401       401      404   200   404   404    404
/api/conversations/<conversation>/events GET private 401      401      404   204   404   404    404
"""

# Rows that stand for one way to sign in: a token makes no other token, and a page asks for none.
ONE_WAY = {"page": "session", "session": "session", "password": "session", "token": "token"}

# What the admin has besides the pages of tables.
ADMIN = """
path                              method  row       anonymous inactive other owner staff holder superuser
/admin/                           any     -         login     login    login login 200   200    200
/admin/                           POST    -         login     login    login login 200   200    200
/admin/login/                     GET     -         200       200      200   200   gone  gone   gone
/admin/login/                     POST    -         200
/admin/login/                     PUT     -         200
/admin/logout/                    POST    -         gone      gone     gone  gone  login login  login
/admin/password_change/           GET     -         login     login    login login 200   200    200
/admin/password_change/           POST    -         login     login    login login 200   200    200
/admin/password_change/           PUT     -         login     login    login login 200   200    200
/admin/password_change/done/      GET     -         login     login    login login 200   200    200
/admin/autocomplete/              GET     -         login     login    login login 403   403    403
/admin/jsi18n/                    GET     -         login     login    login login 200   200    200
/admin/r/<type>/<model>/          any     private   login     login    login login 404   404    404
/admin/r/<type>/<model>/          POST    private   login     login    login login 404   404    404
/admin/<app>/                     any     -         login     login    login login 200   200    200
/admin/<app>/                     POST    -         login     login    login login 200   200    200
/admin/<url>                      any     -         login     login    login login 404   404    404
/admin/<url>                      POST    -         login     login    login login 404   404    404
"""

# Rows of one user or of everybody, as `registry.querysets` decides it.
OWNED = """
path                              method  row       anonymous inactive other owner staff holder superuser
/admin/{table}/                   any     -         login     login    login login 200   200    200
/admin/{table}/                   POST    private   login     login    login login 302   302    403
/admin/{table}/                   POST    global    login     login    login login 403   302!   302!
/admin/{table}/add/               any     -         login     login    login login 200   200    200
/admin/{table}/add/               POST    private   login     login    login login 200   200    200
/admin/{table}/<{kind}>/          any     private   login     login    login login 302   302    302
/admin/{table}/<{kind}>/          POST    private   login     login    login login 302   302    302
/admin/{table}/<{kind}>/change/   any     private   login     login    login login gone  gone   200
/admin/{table}/<{kind}>/change/   any     global    login     login    login login 200   200    200
/admin/{table}/<{kind}>/change/   POST    private   login     login    login login gone  gone   403
/admin/{table}/<{kind}>/change/   POST    global    login     login    login login 403   302!   302!
/admin/{table}/<{kind}>/delete/   any     private   login     login    login login gone  gone   403
/admin/{table}/<{kind}>/delete/   any     global    login     login    login login 403   200    200
/admin/{table}/<{kind}>/delete/   POST    private   login     login    login login gone  gone   403
/admin/{table}/<{kind}>/delete/   POST    global    login     login    login login 403   302!   302!
/admin/{table}/<{kind}>/history/  any     private   login     login    login login gone  gone   200
/admin/{table}/<{kind}>/history/  POST    private   login     login    login login gone  gone   200
/admin/{table}/<{kind}>/history/  any     global    login     login    login login 200   200    200
/admin/{table}/<{kind}>/history/  POST    global    login     login    login login 200   200    200
"""

SHARED = """
path                              method  row       anonymous inactive other owner staff holder superuser
/admin/{table}/add/               POST    global    login     login    login login 200   302!   302!
"""

OF_ONESELF = """
path                              method  row       anonymous inactive other owner staff holder superuser
/admin/{table}/add/               POST    own       login     login    login login 302!  302!   302!
"""

# What is written by the site alone.
RECORDS = """
path                              method  row       anonymous inactive other owner staff holder superuser
/admin/{table}/                   any     -         login     login    login login 200   200    200
/admin/{table}/                   POST    private   login     login    login login 200   200    200
/admin/{table}/add/               any     -         login     login    login login 403   403    403
/admin/{table}/add/               POST    -         login     login    login login 403   403    403
/admin/{table}/<{kind}>/          any     private   login     login    login login 302   302    302
/admin/{table}/<{kind}>/          POST    private   login     login    login login 302   302    302
/admin/{table}/<{kind}>/change/   any     private   login     login    login login gone  200    200
/admin/{table}/<{kind}>/change/   POST    private   login     login    login login 403   403    403
/admin/{table}/<{kind}>/delete/   any     private   login     login    login login 403   403    403
/admin/{table}/<{kind}>/delete/   POST    private   login     login    login login 403   403    403
/admin/{table}/<{kind}>/history/  any     private   login     login    login login gone  200    200
/admin/{table}/<{kind}>/history/  POST    private   login     login    login login gone  200    200
"""

# Of whoever manages what is everybody's, and of nobody else.
MANAGERS = """
path                              method  row       anonymous inactive other owner staff holder superuser
/admin/{table}/                   any     -         login     login    login login 403   200    200
/admin/{table}/                   POST    -         login     login    login login 403   302!   302!
/admin/{table}/add/               any     -         login     login    login login 403   200    200
/admin/{table}/add/               POST    -         login     login    login login 403   302!   302!
/admin/{table}/<{kind}>/          any     -         login     login    login login 302   302    302
/admin/{table}/<{kind}>/          POST    -         login     login    login login 302   302    302
/admin/{table}/<{kind}>/change/   any     -         login     login    login login 403   200    200
/admin/{table}/<{kind}>/change/   POST    -         login     login    login login 403   302!   302!
/admin/{table}/<{kind}>/delete/   any     -         login     login    login login 403   200    200
/admin/{table}/<{kind}>/delete/   POST    -         login     login    login login 403   302!   302!
/admin/{table}/<{kind}>/history/  any     -         login     login    login login gone  200    200
/admin/{table}/<{kind}>/history/  POST    -         login     login    login login gone  200    200
"""

# By the permissions of Django, which nobody gets but superusers.
SUPERUSERS = """
path                              method  row       anonymous inactive other owner staff holder superuser
/admin/{table}/                   any     -         login     login    login login 403   403    200
/admin/{table}/                   POST    -         login     login    login login 403   403    302!
/admin/{table}/add/               any     -         login     login    login login 403   403    200
/admin/{table}/add/               POST    -         login     login    login login 403   403    302!
/admin/{table}/<{kind}>/          any     -         login     login    login login 302   302    302
/admin/{table}/<{kind}>/          POST    -         login     login    login login 302   302    302
/admin/{table}/<{kind}>/change/   any     -         login     login    login login 403   403    200
/admin/{table}/<{kind}>/change/   POST    -         login     login    login login 403   403    302!
/admin/{table}/<{kind}>/delete/   any     -         login     login    login login 403   403    200
/admin/{table}/<{kind}>/delete/   POST    -         login     login    login login 403   403    302!
/admin/{table}/<{kind}>/history/  any     -         login     login    login login 403   403    200
/admin/{table}/<{kind}>/history/  POST    -         login     login    login login 403   403    200
"""

ACCOUNTS = """
path                              method  row       anonymous inactive other owner staff holder superuser
/admin/{table}/<{kind}>/password/ any     -         login     login    login login 403   403    200
/admin/{table}/<{kind}>/password/ POST    -         login     login    login login 403   403    302!
"""

# Path under /admin/ and kind of row (`world.py`) -> its tables.
ADMIN_TABLES = {
    ("registry/connection", "connection"): [OWNED, SHARED, OF_ONESELF],
    ("registry/llmmodel", "model"): [OWNED, SHARED],
    ("registry/defaultmodel", "default"): [OWNED, OF_ONESELF],
    ("registry/usagerecord", "usage"): [RECORDS],
    ("registry/allowedendpoint", "endpoint"): [MANAGERS],
    ("auth/user", "user"): [SUPERUSERS, ACCOUNTS],
    ("auth/group", "group"): [SUPERUSERS],
}


# What a viewer may ask for over the websocket, and which field of the request names a row of alice's. A cell is the
# type of the first frame that comes back, or a word for an error; `closed` is 4401. Nobody answers `stop` and `ack`:
# there `pong` is the answer to a ping behind it.
SOCKET_ERRORS = {"not_found": "unknown", "model_unavailable": "unknown", "client_id_taken": "taken"}
SOCKET = """
path      method     row          anonymous inactive other     owner     staff     holder    superuser
/ws/chat/ send       -            closed    closed   accepted! accepted! accepted! accepted! accepted!
/ws/chat/ send       model        closed    closed   unknown   accepted! unknown   unknown   unknown
/ws/chat/ send       conversation closed    closed   unknown   accepted! unknown   unknown   unknown
/ws/chat/ send       parent       closed    closed   unknown   accepted! unknown   unknown   unknown
/ws/chat/ send       client_id    closed    closed   taken     accepted  taken     taken     taken
/ws/chat/ regenerate message      closed    closed   unknown   accepted! unknown   unknown   unknown
/ws/chat/ regenerate model        closed    closed   unknown   accepted! unknown   unknown   unknown
/ws/chat/ regenerate client_id    closed    closed   taken     accepted  taken     taken     taken
/ws/chat/ attach     turn         closed    closed   unknown   snapshot  unknown   unknown   unknown
/ws/chat/ stop       turn         closed    closed   unknown   pong!     unknown   unknown   unknown
/ws/chat/ ack        turn         closed    closed   pong      pong      pong      pong      pong
/ws/chat/ ping       -            closed    closed   pong      pong      pong      pong      pong
"""


def http_lines() -> list[Line]:
    lines = [line for table in (PAGES, API, CHAT, ADMIN) for line in read_table(table)]
    for (path, kind), tables in ADMIN_TABLES.items():
        lines += [line for table in tables for line in read_table(table, table=path, kind=kind)]
    return lines


def socket_lines() -> list[Line]:
    return list(read_table(SOCKET))


def without_names(path: str) -> str:
    """The table calls an id by the row that it names, a route by its own parameter."""
    return re.sub(r"<\w+>", "<>", path)
