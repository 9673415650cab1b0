"""What torch_zoo.py and torch_zoo_more.py share: weights of PyTorch's layers by the names and in the layouts of Cambium."""
from torch import nn

EPS = 1e-5  # of our batch norms; a model that adds more gets the difference in its variances


class Export:
    """Our names and layouts: convolutions [Y,X,C,O], matrices [in,out], the n-th block of a name is name_n."""

    def __init__(self):
        self.all, self.seen = {}, {}

    def block(self, name):
        self.seen[name] = self.seen.get(name, 0) + 1
        return name if self.seen[name] == 1 else f"{name}_{self.seen[name]}"

    def conv(self, name, m):
        self.all[name + ".weight"] = m.weight.permute(2, 3, 1, 0)
        if m.bias is not None:
            self.all[name + ".bias"] = m.bias

    def linear(self, name, weight, bias):
        self.all[name + ".weight"], self.all[name + ".bias"] = weight.T, bias

    def dense(self, name, m):  # a linear layer, also where it is a convolution of one place
        self.linear(name, m.weight.flatten(1), m.bias)

    def norm(self, name, m):
        self.all[name + ".gamma"], self.all[name + ".beta"] = m.weight, m.bias
        if isinstance(m, nn.BatchNorm2d):
            self.all[name + ".running_mean"] = m.running_mean
            self.all[name + ".running_var"] = m.running_var + (m.eps - EPS)

    def conv_norm(self, name, conv, norm):
        self.conv(name, conv)
        self.norm(name + ".norm", norm)
