# Completion of @NAME@ for fish. The program itself says what may come next.

function __@NAME@_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --current-token --cut-at-cursor)
    set -l answers ($words[1] @REQUEST@ $words[2..-1] "$current" 2>/dev/null)
    test (count $answers) -gt 0; or return
    set -l directive (string sub --start 2 -- $answers[-1])
    set -l offers $answers[1..-2]
    # The value of --flag=value is offered alone.
    set -l before (string match --regex '^-[^=]*=' -- "$current")
    for offer in $offers
        echo -- "$before$offer"
    end
    if test (count $offers) -eq 0 -a "$directive" = 0
        __fish_complete_path "$current"
    end
end

complete --command @NAME@ --no-files --arguments '(__@NAME@_complete)'
