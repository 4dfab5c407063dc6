#include <fanin/core/error.hpp>
#include <fanin/init/source.hpp>

namespace fanin::init {

Generator source_of(const Initializer& scheme, const Initializer& standard, const Shape& shape,
                    const Site& site, const Generator& slot) {
  const Draw kind = scheme.draw(shape, site);
  const bool same = kind == Draw::other ? scheme == standard : kind == standard.draw(shape, site);
  return same ? slot : slot.fork(site.name);
}

void skip_slot(const Initializer& standard, const Shape& shape, const Site& site, Generator& generator) {
  switch (standard.draw(shape, site)) {
    case Draw::nothing:
      return;
    case Draw::uniforms:
      return generator.skip_uniform(shape.numel());
    case Draw::normals:
      return generator.skip_normal(shape.numel());
    case Draw::other:
      break;
  }
  Generator moving = generator;
  Tensor unused(shape);
  try {
    standard.fill(unused, site, moving);
  } catch (const Error&) {
    return;  // a standard that cannot fill its parameter draws nothing; where it has to, `fill` says why
  }
  generator = moving;
}

}  // namespace fanin::init
