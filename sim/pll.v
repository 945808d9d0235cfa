// A PLL of iCE40 for simulation: its output is its reference, which therefore runs at the frequency of the output.
// netlist.py puts it in place of SB_PLL40_CORE and SB_PLL40_PAD, and checks the frequency that they are set to.

`timescale 1ns / 1ps
`default_nettype none

module xnorflow_pll #(
    parameter FEEDBACK_PATH = "SIMPLE",
    parameter DELAY_ADJUSTMENT_MODE_FEEDBACK = "FIXED",
    parameter DELAY_ADJUSTMENT_MODE_RELATIVE = "FIXED",
    parameter PLLOUT_SELECT = "GENCLK",
    parameter [1:0] SHIFTREG_DIV_MODE = 0,
    parameter [3:0] FDA_FEEDBACK = 0,
    parameter [3:0] FDA_RELATIVE = 0,
    parameter [3:0] DIVR = 0,
    parameter [6:0] DIVF = 0,
    parameter [2:0] DIVQ = 0,
    parameter [2:0] FILTER_RANGE = 0,
    parameter ENABLE_ICEGATE = 0,
    parameter TEST_MODE = 0
) (
    input  wire       REFERENCECLK,
    input  wire       EXTFEEDBACK,
    input  wire [7:0] DYNAMICDELAY,
    input  wire       LATCHINPUTVALUE,
    input  wire       BYPASS,
    input  wire       RESETB,
    input  wire       SDI,
    input  wire       SCLK,
    output wire       SDO,
    output wire       PLLOUTCORE,
    output wire       PLLOUTGLOBAL,
    output wire       LOCK
);
    reg [4:0] cycles = 0;

    always @(posedge REFERENCECLK)
        if (!RESETB) cycles <= 0;
        else if (!LOCK) cycles <= cycles + 1;

    assign LOCK = &cycles;
    assign PLLOUTCORE = REFERENCECLK;
    assign PLLOUTGLOBAL = REFERENCECLK;
    assign SDO = 0;
endmodule

`default_nettype wire
