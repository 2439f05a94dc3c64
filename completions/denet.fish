# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of denet(1) for fish.

# What stands before the cursor: the command, and what follows it without denet's own options, a line each.
function __denet_words
    set -l words (commandline -opc)
    set -l ended 0
    set -l found
    set -e words[1]
    while set -q words[1]
        set -l word $words[1]
        set -e words[1]
        if test $ended = 0; and test "$word" = --
            set ended 1
        else if test $ended = 0; and string match -qr -- '^-.' $word
            if string match -qr -- '^(--(out|stats|interval|max-interval|duration|status|ebpf|stacks|children|command-output|cgroup|sampler)|-[^-oimd]*[oimd])$' $word
                set -e words[1]
            end
        else
            set -a found $word
            # All that follows the program is the program's.
            if test "$found[1]" = run; and set -q found[2]
                set -a found $words
                break
            end
        end
    end
    set -q found[1]; and printf '%s\n' $found
end

function __denet_command_is
    set -l words (__denet_words)
    contains -- "$words[1]" $argv
end

function __denet_no_command
    test (count (__denet_words)) = 0
end

# denet's own options: until the program of `run` begins.
function __denet_options
    set -l words (__denet_words)
    not begin
        test "$words[1]" = run; and set -q words[2]
    end
end

function __denet_program
    set -l words (__denet_words)
    set -e words[1]
    set -l token (commandline -ct)
    set -q token[1]; or set token ''
    complete --do-complete=(string join ' ' -- (string escape -- $words) $token)
end

function __denet_pids
    string match -r '[0-9]+$' -- /proc/*
end

function __denet_parts
    set -l before (string match -r '.*,' -- (commandline -ct | string replace -r '^--ebpf=' ''))
    printf '%s\n' "$before"{syscalls,offcpu,net,disk,exits,oncpu}
end

complete -c denet -f
complete -c denet -n __denet_no_command -a run -d 'Start a program, measure it and all it starts'
complete -c denet -n __denet_no_command -a attach -d 'Measure a running process'
complete -c denet -n __denet_no_command -a stats -d 'Summary of saved files'
complete -c denet -n __denet_no_command -a convert -d 'Write records in another format'
complete -c denet -n __denet_no_command -a doctor -d 'What can be measured here'
complete -c denet -n __denet_no_command -a help -d 'Print a page of the help'
complete -c denet -n '__denet_command_is run' -a '(__denet_program)'
complete -c denet -n '__denet_command_is attach' -a '(__denet_pids)'
complete -c denet -n '__denet_command_is stats convert' -F
complete -c denet -n '__denet_command_is help' -a 'run attach stats convert doctor help options'

complete -c denet -n __denet_options -s o -l out -r -F -d 'Save the records'
complete -c denet -n __denet_options -s j -l json -d 'Records to standard output, nothing displayed'
complete -c denet -n __denet_options -l stats -r -F -d 'Save the summary as JSON'
complete -c denet -n __denet_options -s i -l interval -x -d 'Sampling interval in milliseconds'
complete -c denet -n __denet_options -s m -l max-interval -x -d 'Longest interval in milliseconds'
complete -c denet -n __denet_options -s d -l duration -x -d 'Stop after that many seconds'
complete -c denet -n __denet_options -s n -l no-update -d 'A line a sample'
complete -c denet -n __denet_options -l status -x -a 'row lines off' -d 'What is shown while it runs'
complete -c denet -n __denet_options -s q -l quiet -d 'Nothing displayed, output of the program discarded'
complete -c denet -n __denet_options -l enable-ebpf -d 'Waits, system calls, network by process'
complete -c denet -n __denet_options -l ebpf -x -a '(__denet_parts)' -d 'Parts of that'
complete -c denet -n __denet_options -l stacks -r -F -d 'Folded stacks'
complete -c denet -n __denet_options -l gpu -d 'GPUs too'
complete -c denet -n __denet_options -l counters -d 'Hardware counters too'
complete -c denet -n __denet_options -l exclude-children -d 'The main process alone'
complete -c denet -n __denet_options -l no-include-children -d 'The main process alone'
complete -c denet -n __denet_options -l children -x -a 'all active none' -d 'Which children a record lists'
complete -c denet -n __denet_options -l command-output -x -a 'inherit stderr discard' -d 'Where its own output goes'
complete -c denet -n __denet_options -l cgroup -x -a 'auto off require' -d 'A cgroup of the job\'s own'
complete -c denet -n __denet_options -l sampler -x -a 'auto procfs bpf' -d 'Where samples come from'
complete -c denet -n __denet_options -l since-process-start -d 'I/O from the start of the process on'
complete -c denet -n __denet_options -l no-polling -d 'No samples in between'
complete -c denet -n __denet_options -l wait-all -d 'Stay until the last descendant has ended'
complete -c denet -n __denet_options -l write-env -d 'A record of the machine first'
complete -c denet -n __denet_options -l nodump -d 'Accepted and ignored'
complete -c denet -n __denet_options -l debug -d 'What denet itself does'
complete -c denet -n __denet_options -s h -l help -d 'Print the help'
complete -c denet -n __denet_options -s V -l version -d 'Print the version'
