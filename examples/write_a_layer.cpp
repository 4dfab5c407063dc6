// A layer of your own: y = x + α W₂ relu(W₁ x), a residual block that starts as the identity, since α starts at 0.
#include <iostream>
#include <memory>

#include <fanin/fanin.hpp>

using namespace fanin;

namespace {

class Block final : public nn::Module {
 public:
  explicit Block(Index width) {
    add_child("up", up_ = std::make_shared<nn::Linear>(width, 4 * width));
    add_child("down", down_ = std::make_shared<nn::Linear>(4 * width, width));
    alpha_ = add_parameter("alpha", {1}, init::zeros(),
                           {.in = 1, .out = 1});  // its default, as every layer has one
  }
  std::string kind() const override { return "Block"; }

 protected:
  Tensor forward(const Tensor& x) override { return x + alpha_->use() * (*down_)(ops::relu((*up_)(x))); }

 private:
  nn::ModulePtr up_, down_;
  nn::ParameterRef alpha_{"alpha"};
};

}  // namespace

int main() {
  nn::Sequential net("stem", nn::Linear(784, 64), "block1", Block(64), "block2", Block(64), "head",
                     nn::Linear(64, 10));
  Generator generator(0);
  for (const auto& one : start::initialize(net, "block*.up.weight = kaiming_normal", generator)) {
    std::cout << one.name << "  " << one.shape.to_string() << "  " << one.scheme << "\n";
  }
  const Tensor x = Tensor::full({1, 784}, 0.5);
  std::cout << "logits " << net(x).shape().to_string() << "\n";
}
