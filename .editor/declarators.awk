# Doxygen's filter: the words on a line that declares several members hold for each, not for one alone, and a
# defaulted comparison needs none. "et al." ends no sentence. Lines stay where they are.
BEGIN {
  type_pattern = "^ *((inline|static|constexpr|const) )*[A-Za-z_0-9:<>.\\*]+ +"
  name = "[a-z_][a-z_0-9]*( = [^,;()]*|{[^,{}]*})?"
  several = type_pattern name "(, " name ")+;$"
}
/\/\/\// { gsub(/ al\. /, " al.\\ ") }
/^ *\/\/\/ / { words = words substr($0, index($0, "///") + 3); print; next }
{
  line = $0; behind = ""
  if (match(line, / *\/\/\/< /)) {
    behind = substr(line, RSTART + RLENGTH); line = substr(line, 1, RSTART - 1)
  }
  if ((words != "" || behind != "") && line ~ several) {
    match(line, type_pattern)
    type = substr(line, 1, RLENGTH)
    count = split(substr(line, RLENGTH + 1, length(line) - RLENGTH - 1), names, ", ")
    line = ""
    for (i = 1; i <= count; ++i)
      line = line (words != "" && i > 1 ? "/**" words " */ " : "") type names[i] ";" \
             (behind != "" ? " /**< " behind " */ " : " ")
  } else {
    line = $0
    if (line ~ /^ *bool operator==\(.*\) const = default;$/) line = "/** Member by member. */ " line
  }
  words = ""
  print line
}
