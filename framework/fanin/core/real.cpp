#include <fanin/core/real.hpp>

namespace fanin {

#ifdef FANIN_DOUBLE
const char needs_the_library_built_with_FANIN_DOUBLE = 0;
#else
const char needs_the_library_built_without_FANIN_DOUBLE = 0;
#endif
/// Both libraries have this name: a program that asks for both has it twice, and does not link either.
extern const char one_build_to_a_program;
const char one_build_to_a_program = 0;

}  // namespace fanin
