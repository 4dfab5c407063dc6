// Fine-tune a resnet that PyTorch saved, with a new head, and hand it back to PyTorch.
//     finetune_from_pytorch resnet.pth finetuned.pth
#include <iostream>

#include <fanin/datasets.hpp>
#include <fanin/fanin.hpp>
#include <fanin/models.hpp>

using namespace fanin;

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: finetune_from_pytorch FILE.pth OUTPUT.pth (a state dict of resnet_small(width=8))\n";
    return 2;
  }
  try {
    const data::Sets data = datasets::load_sets("fashion-mnist(per_class=50)");
    const auto file = io::read_tensor_file(argv[1]);
    const int classes = static_cast<int>(file.at("fc.weight").sizes[0]);  // those it was trained for
    const nn::ModulePtr net = models::build("resnet_small(width=8)", {.classes = classes});
    std::cout << start::load_state_dict(*net, file);  // what became of every tensor
    net->replace("fc", nn::Linear(32, 10));
    Generator generator(0);
    start::initialize(*net, "fc = zeros", generator);  // draws the new head; what was loaded stays

    const auto result = train::fit(
        *net, data, {.epochs = 2, .batch = 32, .optimizer = {.lr = 0.05}, .finetune = {.head_epochs = 1}});
    std::cout << "test accuracy " << 100 * result.test.accuracy << "%\n";
    start::save_model(argv[2], *net);  // torch.load(…, weights_only=True) reads it
  } catch (const Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
