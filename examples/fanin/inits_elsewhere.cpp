#include "examples/fanin/inits_elsewhere.hpp"

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/core/terminal.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/init/elsewhere.hpp>

namespace fanin::program {

void list_elsewhere(const std::string& framework, bool json) {
  const auto rows = framework == "all" ? init::initializers_elsewhere() : init::initializers_of(framework);
  if (json) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const auto& one : rows)
      all.push_back(
          {{"framework", one.framework},
           {"name", one.name},
           {"here", one.text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(one.text)},
           {"remark", one.remark}});
    say("{}\n", all.dump(2));
    return;
  }
  text::TextTable table({{"framework"}, {"there"}, {"here"}, {""}});
  for (const auto& one : rows)
    table.add({one.framework, one.name, one.text.empty() ? "-" : one.text, one.remark});
  say("{}", table.to_string(output_width()));
  say_prose("\nThe same law; its bits too where the other draws as PyTorch does.\n");
}

}  // namespace fanin::program
