#compdef @NAME@
# Completion of @NAME@ for zsh. The program itself says what may come next.

_@NAME@() {
    local -a answers offers
    local answer value directive
    answers=("${(@f)$("${words[1]}" @REQUEST@ "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    directive=${answers[-1]#:}
    answers[-1]=()
    for answer in $answers; do
        value=${${answer%%$'\t'*}//:/\\:}
        if [[ $answer == *$'\t'* ]]; then
            offers+=("$value:${answer#*$'\t'}")
        else
            offers+=("$value")
        fi
    done
    # The value of --flag=value is offered alone.
    compset -P '-*='
    if (( ${#offers} )); then
        _describe '@NAME@' offers
    elif [[ $directive == 0 ]]; then
        _files
    fi
}

compdef _@NAME@ @NAME@
