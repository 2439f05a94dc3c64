# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of denet(1) for bash, by bash-completion.

# Does the value of this option stand in the next word?
_denet_takes_value() {
        case $1 in
        --out | --stats | --interval | --max-interval | --duration | --status | --ebpf | --stacks | --children | \
                --command-output | --cgroup | --sampler) return 0 ;;
        --*) return 1 ;;
        esac
        # Of joined letters the first that takes a value takes what follows, here or in the next word.
        [[ $1 =~ ^-[^oimd]*[oimd]$ ]]
}

_denet_words() {
        mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# The value of option $1; 1 where it is none that takes one.
_denet_value() {
        local done_parts
        case $1 in
        -*[o] | --out | --stats | --stacks) _filedir ;;
        -*[imd] | --interval | --max-interval | --duration) ;;
        --status) _denet_words 'row lines off' ;;
        --children) _denet_words 'all active none' ;;
        --command-output) _denet_words 'inherit stderr discard' ;;
        --cgroup) _denet_words 'auto off require' ;;
        --sampler) _denet_words 'auto procfs bpf' ;;
        --ebpf)
                done_parts=''
                [[ $cur != *,* ]] || done_parts=${cur%,*},
                cur=${cur##*,}
                _denet_words 'syscalls offcpu net disk exits oncpu'
                COMPREPLY=("${COMPREPLY[@]/#/$done_parts}")
                compopt -o nospace
                ;;
        *) return 1 ;;
        esac
}

_denet() {
        local cur prev words cword split i word command='' ended=0 n_arguments=0
        _init_completion -s || return

        for ((i = 1; i < cword; i++)); do
                word=${words[i]}
                if ((!ended)) && [[ $word == -- ]]; then
                        ended=1
                elif ((!ended)) && [[ $word == -?* ]]; then
                        if _denet_takes_value "$word"; then
                                ((++i))
                        fi
                elif [[ ! $command ]]; then
                        command=$word
                elif [[ $command == run ]]; then
                        break
                else
                        ((++n_arguments))
                fi
        done

        if ((i > cword)) || { ((i == cword && !ended)) && [[ $split == true ]]; }; then
                _denet_value "$prev" || COMPREPLY=()
                return
        fi
        if ((!ended && i == cword)) && [[ $cur == -* ]]; then
                _denet_words '--out --json --stats --interval --max-interval --duration --no-update --status --quiet
                        --enable-ebpf --ebpf --stacks --gpu --counters --exclude-children --no-include-children
                        --children --command-output --cgroup --sampler --since-process-start --no-polling --wait-all --write-env
                        --nodump --debug --help --version -o -j -i -m -d -n -q -h -V'
                return
        fi
        case $command in
        '') _denet_words 'run attach stats convert doctor help' ;;
        run)
                if declare -F _comp_command_offset >/dev/null; then
                        _comp_command_offset "$i"
                else
                        _command_offset "$i"
                fi
                ;;
        attach) ((n_arguments)) || _denet_words "$(cd /proc 2>/dev/null && printf '%s ' [0-9]*)" ;;
        stats) _filedir ;;
        convert) ((n_arguments > 1)) || _filedir ;;
        help) ((n_arguments)) || _denet_words 'run attach stats convert doctor help options' ;;
        esac
} &&
        complete -F _denet denet
