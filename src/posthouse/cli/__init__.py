"""The commands of `posthouse`: each family a file, each command a few lines round a request.

Owns how people and programs ask: options, prompts, tables, `--json`, exit codes (0 done, 1 not done, 2 called wrongly;
`sendmail` has sysexits' own). Promises that an error says what to do next, that a password is never an argument, and
that a command starts in about 100 ms: what is heavy is imported by the command that needs it.
Start with ``program``, then ``asking``: how a request finds the running server, or does without one.
"""
