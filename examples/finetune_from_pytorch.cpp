// Fine-tune from a PyTorch file: load all but the head, train the head alone, then everything.
//     finetune_from_pytorch lenet.pth finetuned.safetensors
#include <iostream>

#include <fanin/datasets.hpp>
#include <fanin/fanin.hpp>
#include <fanin/models.hpp>

using namespace fanin;

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr
        << "usage: finetune_from_pytorch FILE.pth OUTPUT.safetensors (a state dict of lenet: conv1, conv2, fc1, fc2, fc3)\n";
    return 2;
  }
  try {
    const data::Sets data = datasets::load_sets("fashion-mnist(per_class=50)");
    const nn::ModulePtr net = models::build("lenet", {});
    std::cout << start::load_state_dict(*net, io::read_tensor_file(argv[1]),
                                        {.skip = {"fc3.*"}});  // what became of every tensor
    Generator generator(0);
    start::initialize(*net, "fc3.weight = zeros", generator);  // draws the new head; what was loaded stays

    const auto result = train::train(
        *net, data, {.epochs = 4, .batch = 32, .optimizer = {.lr = 0.02}, .finetune = {.head_epochs = 1}});
    std::cout << "test accuracy " << 100 * result.test.accuracy << "%\n";
    start::save_model(argv[2], *net);
  } catch (const Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
