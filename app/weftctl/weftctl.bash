# SPDX-License-Identifier: BSD-3-Clause
# Completion of weftctl for bash. What may come next, weftctl itself knows.

_weftctl()
{
	local line=${COMP_LINE:0:COMP_POINT} words=() word current prefix=""

	# bash cuts words at = and :, weftctl does not.
	read -ra words <<< "$line"
	[[ $line == *[[:space:]] || ${#words[@]} -lt 2 ]] && words+=("")
	current=${words[-1]}
	if [[ $current == *[=:]* ]]; then
		prefix=${current%"${current##*[=:]}"}
	fi
	COMPREPLY=()
	while IFS= read -r word; do
		if [[ $word == @file ]]; then
			compopt -o filenames
			while IFS= read -r word; do
				COMPREPLY+=("$word")
			done < <(compgen -f -- "${current#"$prefix"}")
		else
			COMPREPLY+=("${word#"$prefix"}")
		fi
	done < <("${words[0]}" --complete "${words[@]:1}" 2> /dev/null)
}

complete -F _weftctl weftctl
