#include <fmt/core.h>

#include <csignal>
#include <cstdio>
#include <new>

#include "examples/commands/command.hpp"
#include "framework/core/error.hpp"
#include "framework/core/printable.hpp"
#include "framework/io/weight_selection.hpp"

using namespace fanin;

namespace {

constexpr const char* about =
    "fanin trains small networks and shows what their initial weights do.\n\n"
    "Examples:\n"
    "  fanin compare                                        which initializer wins on Fashion-MNIST?\n"
    "  fanin train --model lenet --epochs 3 --output lenet.safetensors\n"
    "  fanin train --model \"mlp(hidden=256-128)\" --init \"fc*=kaiming_normal; fc3.weight=zeros; *.bias=constant(0.01)\"\n"
    "  fanin finetune --from lenet.safetensors --data mnist --freeze \"conv*\" --lr-head 0.1 --lr-body 0.01\n"
    "  fanin evaluate lenet.safetensors --data fashion-mnist\n"
    "  fanin predict lenet.safetensors shirt.png\n"
    "  fanin inspect lenet.safetensors                      what is in it, and how far it has moved from its start\n"
    "  fanin convert model.pth model.safetensors\n"
    "  fanin init \"orthogonal(gain=1.41)\" --shape 256,784 --seed 0 --output w.npy\n"
    "  fanin plan --model lenet --init orthogonal           what each parameter gets: shape, fans, scheme, std\n"
    "  fanin probe --models \"mlp; lenet\"                    which initial weights will train? Seconds, no training\n"
    "  fanin inits kaiming_normal                           formula, paper, when to use it\n"
    "  fanin COMMAND --help                                 every option of a command, with examples";

/// What stands where a command should, if it is none.
void require_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == word) return;
    known.push_back(command->get_name());
  }
  fail_usage("unknown command '{}'{}", word, suggest(word, known));
}

/// One line, whatever the message holds.
int report(const std::string& message, int code) {
  std::string line = message;
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  line = printable(line);  // it may quote a file that nobody vouches for
  fmt::print(stderr, "fanin: {}\n", line);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // past a file-size limit, a write then fails with a reason
  CLI::App app(about, "fanin");
  app.require_subcommand(1);
  app.set_version_flag("--version", "fanin 0.1.0");
  register_weight_selection();
  program::add_train(app);
  program::add_finetune(app);
  program::add_compare(app);
  program::add_evaluate(app);
  program::add_predict(app);
  program::add_models(app);
  program::add_inits(app);
  program::add_init(app);
  program::add_plan(app);
  program::add_probe(app);
  program::add_inspect(app);
  program::add_convert(app);
  try {
    if (argc > 1 && argv[1][0] != '-') require_command(app, argv[1]);
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::RuntimeError& end) {  // a command that has said all, and chooses its exit code
    return end.get_exit_code();
  } catch (const CLI::ParseError& error) {
    return report(fmt::format("{}; see fanin {}--help", error.what(),
                              app.get_subcommands().empty() ? "" : app.get_subcommands()[0]->get_name() + " "),
                  2);
  } catch (const Error& error) {
    return report(error.what(), error.blame() == Blame::usage ? 2 : 1);
  } catch (const std::bad_alloc&) {
    return report("out of memory: try a smaller model or batch", 1);
  } catch (const std::exception& error) {
    return report(error.what(), 1);
  }
  return 0;
}
