#include <fanin/train/start.hpp>

namespace fanin::train {
namespace {

std::variant<init::Plan, WarmStart> parsed(const std::string& text) {
  const std::string name = text.substr(0, text.find('('));
  if (name == "warm" || name == "warm ") return WarmStart::parse(text);
  return init::Plan::parse(text);
}

}  // namespace

Start::Start(std::string text) : text_(std::move(text)), way_(parsed(text_)) {}

}  // namespace fanin::train
