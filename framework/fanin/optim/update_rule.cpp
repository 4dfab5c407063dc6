#include <fanin/core/fail.hpp>
#include <fanin/core/registry.hpp>
#include <fanin/optim/optimizer.hpp>

namespace fanin::optim {
namespace {

Registry<UpdateRule>& registry() {
  static Registry<UpdateRule> instance("optimizer", {sgd(), adam(), adamw(), rmsprop()});
  return instance;
}

}  // namespace

const UpdateRule& update_rule_named(const std::string& name) { return registry().at(name); }
std::vector<std::string> update_rule_names() { return registry().names(); }

void register_update_rule(UpdateRule rule) {
  if (!rule.step) fail("optimizer {} has no step function", in_quotes(rule.name));
  registry().add(std::move(rule));
}

}  // namespace fanin::optim
