# SPDX-License-Identifier: MIT
# fish completion for acrotate. Commands and options are asked from the program itself, so that this file knows none of them.

# The words of the command so far: the first that is no option and no option's value; of `token` up to two more.
function __acrotate_command
    set -l words (commandline -opc)[2..]
    set -l found
    set -l skip 0
    for word in $words
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case -c -o --config --output --log-format
                set skip 1
            case '-*'
                test "$found[1]" != token; or break
            case '*'
                set -a found $word
                if test "$found[1]" != token
                    break
                end
                if test (count $found) -ge 3; or begin
                        test (count $found) = 2; and test $found[2] != credential
                    end
                    break
                end
        end
    end
    string join \n -- $found
end

function __acrotate_help
    set -l program (commandline -opc)[1]
    command $program $argv --help 2>/dev/null
end

# Is a command still to be named?
function __acrotate_needs_command
    set -l command (__acrotate_command)
    test (count $command) = 0; or test "$command" = token; or test "$command" = 'token credential'
end

# "name<tab>summary"
function __acrotate_commands
    __acrotate_help (__acrotate_command) | sed -n '/^options/q; s/^  \([a-z][a-z-]*\) .*   *\([^ ].*\)$/\1\t\2/p; t
s/^  \([a-z][a-z-]*\)   *\(.*\)$/\1\t\2/p' | sort -u -k1,1
end

# "--name<tab>help"
function __acrotate_options
    __acrotate_help (__acrotate_command) | sed -n 's/^ *\(-[a-z], \)\{0,1\}\(--[a-z0-9-]*\)\( [^ ][^ ]*\)\{0,1\}  *\(.*\)$/\2\t\4/p'
end

# What the option before the cursor takes: FILE, text|json ...; nothing for a flag.
function __acrotate_value
    set -l last (commandline -opc)[-1]
    string match -q -- '-*' $last; or return 1
    __acrotate_help (__acrotate_command) | sed -n 's/^ *\(-[a-z], \)\{0,1\}\(--[a-z0-9-]*\) \([^ ][^ ]*\)  .*$/\1\2 \3/p' | while read -l line
        set -l parts (string split ' ' -- (string replace -a ',' '' -- $line))
        if contains -- $last $parts[1..-2]
            echo $parts[-1]
            return 0
        end
    end
    return 1
end

function __acrotate_values
    set -l value (__acrotate_value); or return
    switch $value
        case FILE PATH
            __fish_complete_path (commandline -ct)
        case FORMAT
            # az's formats are named in the text: "json jsonc none; json when not given".
            string split ' ' -- (__acrotate_help (__acrotate_command) | sed -n 's/^ .*--output FORMAT  *\([a-z][a-z ]*[a-z]\);.*/\1/p')
        case '*|*'
            string match -qr '[A-Z]' -- $value; or string split '|' -- $value
    end
end

function __acrotate_takes_job
    not __acrotate_needs_command; and not __acrotate_value >/dev/null; and string match -q '*JOB*' -- (__acrotate_help (__acrotate_command))[1]
end

function __acrotate_jobs
    set -l words (commandline -opc)
    set -l config $ACROTATE_CONFIG
    for i in (seq (count $words))
        switch $words[$i]
            case -c --config
                set config $words[(math $i + 1)]
            case '--config=*'
                set config (string replace -- --config= '' $words[$i])
        end
    end
    set -l dir $HOME/.config/acrotate
    if test -n "$config"
        set dir (dirname -- $config)
    else if test (id -u) = 0
        set dir /etc/acrotate
    else if test -n "$XDG_CONFIG_HOME"
        set dir $XDG_CONFIG_HOME/acrotate
    end
    for file in $dir/jobs.d/*.conf
        basename $file .conf
    end
end

complete -c acrotate -f
complete -c acrotate -n __acrotate_value -a '(__acrotate_values)'
complete -c acrotate -n 'not __acrotate_value >/dev/null; and __acrotate_needs_command' -a '(__acrotate_commands)'
complete -c acrotate -n __acrotate_takes_job -a '(__acrotate_jobs)'
complete -c acrotate -n 'not __acrotate_value >/dev/null; and string match -q -- "-*" (commandline -ct)' -a '(__acrotate_options)'
