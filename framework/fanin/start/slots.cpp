#include <fanin/core/fail.hpp>
#include <fanin/start/sites.hpp>
#include <fanin/start/slots.hpp>

namespace fanin::start {

Tensor Slot::fresh() const {
  const init::Initializer& scheme = parameter.parameter->init;
  if (scheme.scheme().needs_data())
    fail("{}: its layer's own scheme '{}' fits weights to a batch of training data, and there is none here",
         parameter.name, scheme.to_string());
  Tensor values(parameter.parameter->value.shape());
  Generator generator = source(scheme);
  scheme.fill(values, site, generator);
  return values;
}

void for_each_slot(nn::Module& model, Generator& generator, const std::function<void(const Slot&)>& visit) {
  const auto parameters = model.named_parameters();
  const auto sites = sites_of(model);
  Generator state = generator;
  for (const nn::Module::DrawTurn& turn : model.draw_turns()) {
    if (!turn.index) {  // made and drawn in PyTorch too, before another layer's was put in its place
      init::skip_slot(turn.standard, turn.shape, init::Site{.fans = turn.fans}, state);
      continue;
    }
    const std::size_t i = *turn.index;
    visit({i, parameters[i], sites[i], state});
    init::skip_slot(turn.standard, turn.shape, sites[i], state);
  }
  state.renew_forks();  // a model of layers that draw nothing has not moved it
  generator = state;
}

}  // namespace fanin::start
