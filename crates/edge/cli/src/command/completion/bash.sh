# Completion of @NAME@ for bash. The program itself says what may come next; nothing here is evaluated.

_@NAME@_complete() {
    local line=${COMP_LINE:0:COMP_POINT} words=() values=() texts=() directive='' answer value text word cut width=0 at
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    ((${#words[@]} > 1)) || return
    while IFS= read -r answer; do
        if [[ $answer == :* ]]; then
            directive=${answer#:}
            break
        fi
        value=${answer%%$'\t'*}
        text=
        [[ $answer == *$'\t'* ]] && text=${answer#*$'\t'}
        values+=("$value")
        texts+=("$text")
        ((${#value} > width)) && width=${#value}
    done < <("${words[0]}" @REQUEST@ "${words[@]:1}" 2> /dev/null)

    # The shell breaks words at these characters and replaces only what stands behind the last one.
    word=${words[-1]}
    [[ $word == -*=* ]] && word=${word#*=}
    cut=
    [[ $COMP_WORDBREAKS == *:* && $word == *:* ]] && cut=${word%"${word##*:}"}

    COMPREPLY=()
    if ((${#values[@]} == 0)); then
        [[ $directive == 0 ]] && compopt -o default 2> /dev/null
        return
    fi
    for at in "${!values[@]}"; do
        value=${values[at]#"$cut"}
        if ((${#values[@]} > 1)) && [[ -n ${texts[at]} && ${COMP_TYPE:-9} != 37 ]]; then
            # A description would be inserted where all offers begin alike; shown lists come with it.
            [[ ${COMP_TYPE:-9} == 63 ]] && value=$(printf '%-*s  (%s)' "$width" "$value" "${texts[at]}")
        fi
        COMPREPLY+=("$value")
    done
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2> /dev/null
    return 0
}

complete -F _@NAME@_complete @NAME@
