#pragma once
#include <fanin/init/initializer.hpp>

// Where a parameter's draw comes from. Parameters of a model are drawn in turn, and each turn is a slot: the
// generator's state when it came. What a layer's standard scheme takes there is skipped whatever really fills
// the parameter, so that no choice for one parameter moves another, and two runs of one seed that differ in a
// scheme differ in nothing else.
namespace fanin::init {

/// The stream from which `scheme` draws a parameter whose layer is born by `standard`. A scheme of the same
/// kind of draw starts at the slot itself, as does `standard`: it shares the standard's luck, element by
/// element. Any other gets a stream of the parameter's own, keyed by the slot and the parameter's full name,
/// since it may take more than the slot holds; two schemes of one kind share there too.
Generator source_of(const Initializer& scheme, const Initializer& standard, const Shape& shape,
                    const Site& site, const Generator& slot);

/// Moves `generator` past the slot, as far as `standard` would take it.
void skip_slot(const Initializer& standard, const Shape& shape, const Site& site, Generator& generator);

}  // namespace fanin::init
