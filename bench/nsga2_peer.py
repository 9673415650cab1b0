#!/usr/bin/env python3
"""NSGA-II of DEAP (Debian: python3-deap) on the problems of bench/search_methods, hypervolume of all
that was evaluated: usage: bench/nsga2_peer.py [seeds]"""
import math
import random
import sys

from deap import base, creator, tools

DIM, EVALUATIONS, POPULATION = 10, 1000, 20


def zdt1(x):
    g = 1 + 9 * sum(x[1:]) / (len(x) - 1)
    return x[0], g * (1 - math.sqrt(x[0] / g))


def zdt2(x):
    g = 1 + 9 * sum(x[1:]) / (len(x) - 1)
    return x[0], g * (1 - (x[0] / g) ** 2)


def zdt3(x):
    g = 1 + 9 * sum(x[1:]) / (len(x) - 1)
    return x[0], g * (1 - math.sqrt(x[0] / g) - x[0] / g * math.sin(10 * math.pi * x[0]))


def dtlz2(x):
    g = sum((v - 0.5) ** 2 for v in x[2:])
    a, b = x[0] * math.pi / 2, x[1] * math.pi / 2
    return (1 + g) * math.cos(a) * math.cos(b), (1 + g) * math.cos(a) * math.sin(b), (1 + g) * math.sin(a)


def area(points, ref):
    total, y = 0.0, ref[1]
    for p in sorted(p for p in points if all(a < r for a, r in zip(p, ref))):
        if p[1] < y:
            total += (ref[0] - p[0]) * (y - p[1])
            y = p[1]
    return total


def volume(points, ref):
    if len(ref) == 2:
        return area(points, ref)
    inside = sorted((p for p in points if all(a < r for a, r in zip(p, ref))), key=lambda p: p[2])
    total = 0.0
    for i, p in enumerate(inside):
        top = inside[i + 1][2] if i + 1 < len(inside) else ref[2]
        if top > p[2]:
            total += (top - p[2]) * area([q[:2] for q in inside[: i + 1]], ref[:2])
    return total


def nsga2(problem, objectives, seed):
    random.seed(seed)
    creator.create("Fitness", base.Fitness, weights=(-1.0,) * objectives)
    creator.create("Individual", list, fitness=creator.Fitness)
    seen = []

    def evaluated(population):
        for p in population:
            if not p.fitness.valid:
                p.fitness.values = problem(p)
                seen.append(p.fitness.values)
        return population

    population = evaluated([creator.Individual(random.random() for _ in range(DIM)) for _ in range(POPULATION)])
    population = tools.selNSGA2(population, POPULATION)  # gives crowding distances
    while len(seen) < EVALUATIONS:
        children = [creator.Individual(p) for p in tools.selTournamentDCD(population, POPULATION)]
        for a, b in zip(children[::2], children[1::2]):
            if random.random() <= 0.9:
                tools.cxSimulatedBinaryBounded(a, b, 20.0, 0.0, 1.0)
            for c in (a, b):
                tools.mutPolynomialBounded(c, 20.0, 0.0, 1.0, 1.0 / DIM)
        population = tools.selNSGA2(population + evaluated(children), POPULATION)
    del creator.Fitness, creator.Individual
    return seen[:EVALUATIONS]


seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
for name, problem, ref in (
    ("zdt1", zdt1, (1.1, 1.1)),
    ("zdt2", zdt2, (1.1, 1.1)),
    ("zdt3", zdt3, (1.1, 1.1)),
    ("dtlz2", dtlz2, (1.1, 1.1, 1.1)),
):
    found = [volume(nsga2(problem, len(ref), s), ref) for s in range(seeds)]
    mean = sum(found) / seeds
    error = math.sqrt(sum((f - mean) ** 2 for f in found) / (seeds - 1) / seeds)
    print(f"DEAP nsga2, {name}: hypervolume {mean:.4f} +- {error:.4f}", flush=True)
