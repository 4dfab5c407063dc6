# Which of the archive's symbols (nm -P) the shared library exports, as a version script.
BEGIN { print "{ global:" }
# Itanium mangling: _Z, then for tables of a class TV, TI, TS, TT, for guards and locals of functions GV and Z, then N, with
# qualifiers, and the namespaces by length and name.
$1 ~ /^_Z(T[VIST]|GV|G?R|Z)*N[VKRO]*5fanin/ && $1 !~ /^_Z(T[VIST]|GV|G?R|Z)*N[VKRO]*5fanin7kernels/ && $1 !~ /8nlohmann|3fmt/ {
  print $1 ";"
}
END { print "local: *; };" }
