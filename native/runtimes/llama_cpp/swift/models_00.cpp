// Models of llama.cpp compiled together: their headers cost more than they do. tests/swift checks that none is missing.
#include <cfloat>  // FLT_MAX, which chameleon.cpp takes from a header that has it by chance, and not on Apple's systems

#include "models/afmoe.cpp"
#include "models/apertus.cpp"
#include "models/arcee.cpp"
#include "models/arctic.cpp"
#include "models/arwkv7.cpp"
#include "models/baichuan.cpp"
#include "models/bailingmoe.cpp"
#include "models/bailingmoe2.cpp"
#include "models/bailingmoe3.cpp"
#include "models/bert.cpp"
#include "models/bitnet.cpp"
#include "models/bloom.cpp"
#include "models/chameleon.cpp"
#include "models/chatglm.cpp"
#include "models/clip.cpp"
#include "models/codeshell.cpp"
