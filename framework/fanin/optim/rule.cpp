#include <fanin/core/registry.hpp>
#include <fanin/optim/optimizer.hpp>

namespace fanin::optim {
namespace {

Registry<Rule>& registry() {
  static Registry<Rule> instance("optimizer", {sgd(), adam(), adamw(), rmsprop()});
  return instance;
}

}  // namespace

const Rule& rule_named(const std::string& name) { return registry().at(name); }
std::vector<std::string> rule_names() { return registry().names(); }

void register_rule(Rule rule) {
  if (!rule.step) fail("optimizer {} has no step function", quoted(rule.name));
  registry().add(std::move(rule));
}

}  // namespace fanin::optim
