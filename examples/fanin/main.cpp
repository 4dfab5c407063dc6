#include <memory>

#include <fanin/core/console.hpp>
#include <fanin/kernels/gemm/products.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/help.hpp"
#include "examples/fanin/launch.hpp"
#include "examples/fanin/option_words.hpp"
#include "examples/fanin/version_text.hpp"
#include "examples/guarded.hpp"

using namespace fanin;

namespace {

constexpr const char* about = "fanin trains small networks and shows what their initial weights do.";

constexpr const char* examples =
    "Examples:\n"
    "  fanin compare    which initializer wins on Fashion-MNIST?\n"
    "  fanin report out/compare --figures figures    its page anew; figures and tables for a paper\n"
    "  fanin train --model lenet --epochs 3 --output lenet.safetensors\n"
    "  fanin train --model \"mlp(hidden=256-128)\" --init \"fc*=kaiming_normal; fc3.weight=zeros; *.bias=constant(0.01)\"\n"
    "  fanin finetune --from lenet.safetensors --data mnist --freeze \"conv*\" --lr-head 0.1 --lr-body 0.01\n"
    "  fanin evaluate lenet.safetensors --data fashion-mnist\n"
    "  fanin predict lenet.safetensors shirt.png\n"
    "  fanin inspect lenet.safetensors    what is in it, and how far it has moved from its start\n"
    "  fanin convert model.pth model.safetensors\n"
    "  fanin init \"orthogonal(gain=1.41)\" --shape 256,784 --seed 0 --output w.npy\n"
    "  fanin gain \"max(x,0)^3\"    gains, fixed point, edge of chaos of any function\n"
    "  fanin plan --model lenet --init orthogonal    what each parameter gets: shape, fans, scheme, std\n"
    "  fanin probe --models \"mlp; lenet\"    which initial weights will train? Seconds, no training\n"
    "  fanin inits kaiming_normal    formula, paper, when to use it\n"
    "  fanin help COMMAND    every option of a command, with examples";

}  // namespace

int main(int argc, char** argv) {
  return guarded(
      "fanin", about,
      [&](CLI::App& app) {
        app.formatter(std::make_shared<program::HelpFormatter>());
        app.footer(examples);
        app.require_subcommand(1);
        app.set_version_flag("--version", program::version_text);
        for (const auto add :
             {program::add_train, program::add_finetune, program::add_compare, program::add_report,
              program::add_evaluate, program::add_predict, program::add_models, program::add_inits,
              program::add_init, program::add_gain, program::add_plan, program::add_probe,
              program::add_inspect, program::add_convert, program::add_data, program::add_help,
              program::add_completion, program::add_manual}) {
          add(app);
        }
        for (CLI::App* command : app.get_subcommands({}))
          command->add_flag_callback("--quiet", silence, "say nothing on stderr but errors");
        kernels::check_products();
        if (argc > 1 && argv[1][0] != '-') program::required_command(app, argv[1]);
        return program::launched({argv, argv + argc}, [&] {
          app.parse(argc, argv);
          return 0;
        });
      },
      program::suggest_word);
}
